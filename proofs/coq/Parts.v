(** What [Differences.v] writes: parts have the values that they say, and the parts of a normal form have values
    where the operation has one. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Tree Scalars Inline Rays ExactValues Quotients Along Moves LinearForms
  Merging Differences.
Import ListNotations.
Local Open Scope R_scope.

Local Arguments Qred : simpl never.
Local Arguments Qmult : simpl never.
Local Arguments Qplus : simpl never.
Local Arguments Qopp : simpl never.
Local Arguments Q2R : simpl never.
Local Arguments get : simpl never.

(** ** What is written *)

Lemma is_value_more z u s s' t v : extends s s' -> written_below (length s) t = true ->
  is_value (values z u s) t v -> is_value (values z u s') t v.
Proof.
  intros X. revert v.
  induction t; simpl; intros v B H; try (apply andb_prop in B; destruct B as [B1 B2]); auto;
    try (destruct H as [a [b [A [C E]]]]; exists a, b; auto; fail);
    try (destruct H as [a [b [c [A [C E]]]]]; exists a, b, c; auto; fail).
  - apply Nat.ltb_lt in B. now rewrite (get_extends z u s s').
  - rewrite <- H. f_equal. apply map_ext_in. intros j J. apply get_extends; auto. now apply (below_ok _ args).
  - destruct H as [a [A E]]. exists a. auto.
  - destruct H as [a [k [A E]]]. exists a, k. auto.
Qed.
Lemma write_value z u t : forall s s' p v, write t s = (s', p) -> written_below (length s) t = true ->
  choice_free t = true -> is_value (values z u s) t v -> get (values z u s') p = Some v.
Proof.
  induction t as [p0|q|row args|a IHa b IHb|a IHa b IHb|a IHa b IHb|g a IHa|a IHa
    |g a IHa b IHb|g a IHa b IHb|g a IHa b IHb]; intros s s' p v E B F I; simpl in E, B, F, I; try discriminate;
    try (destruct (write a s) as [s1 i] eqn:Ea; destruct (write b s1) as [s2 j] eqn:Eb;
      inversion E; subst; clear E; apply andb_prop in B; destruct B as [B1 B2]; apply andb_prop in F; destruct F as [F1 F2];
      destruct (write_ok z u a _ _ _ Ea B1) as [X1 [L1 _]]; pose proof (written_more _ _ _ (extends_length _ _ X1) B2) as B3;
      destruct (write_ok z u b _ _ _ Eb B3) as [X2 [L2 _]];
      destruct I as [x [y [Ix [Iy ->]]]] || destruct I as [x [y [Ix [Iy Ev]]]];
      rewrite get_put; simpl; rewrite (get_extends z u s1 s2) by auto; rewrite (IHa _ _ _ _ Ea B1 F1 Ix),
        (IHb _ _ _ _ Eb B3 F2 (is_value_more z u s s1 b y X1 B2 Iy)); simpl; auto).
  - inversion E; subst. exact I.
  - inversion E; subst. rewrite get_put. reflexivity.
  - inversion E; subst. rewrite get_put. simpl. now rewrite Q2R_zero.
  - destruct (write a s) as [s1 i] eqn:Ea. inversion E; subst; clear E. destruct I as [x [Ix Ev]].
    rewrite get_put. simpl. now rewrite (IHa _ _ _ _ Ea B F Ix).
Qed.
Lemma write_ordered t : forall s s' p, write t s = (s', p) -> written_below (length s) t = true ->
  ordered s = true -> ordered s' = true.
Proof.
  induction t as [p0|q|row args|a IHa b IHb|a IHa b IHb|a IHa b IHb|g a IHa|a IHa
    |g a IHa b IHb|g a IHa b IHb|g a IHa b IHb]; intros s s' p E B O; simpl in E, B;
    try (destruct (write a s) as [s1 i] eqn:Ea; destruct (write b s1) as [s2 j] eqn:Eb;
      inversion E; subst; clear E; apply andb_prop in B; destruct B as [B1 B2];
      destruct (write_ok [] (fun _ => 0) a _ _ _ Ea B1) as [X1 [L1 _]]; pose proof (written_more _ _ _ (extends_length _ _ X1) B2) as B3;
      destruct (write_ok [] (fun _ => 0) b _ _ _ Eb B3) as [X2 [L2 _]]; pose proof (extends_length _ _ X2);
      simpl; rewrite (IHb _ _ _ Eb B3 (IHa _ _ _ Ea B1 O)), !andb_true_r;
      apply andb_true_intro; split; apply Nat.ltb_lt; lia).
  - now inversion E; subst.
  - now inversion E; subst.
  - inversion E; subst. simpl. now rewrite B.
  - destruct (write a s) as [s1 i] eqn:Ea. inversion E; subst; clear E.
    destruct (write_ok [] (fun _ => 0) a _ _ _ Ea B) as [X1 [L1 _]]. simpl.
    rewrite (IHa _ _ _ Ea B O), !andb_true_r. now apply Nat.ltb_lt.
  - destruct (write a s) as [s1 i] eqn:Ea. inversion E; subst; clear E.
    destruct (write_ok [] (fun _ => 0) a _ _ _ Ea B) as [X1 [L1 _]]. simpl.
    rewrite (IHa _ _ _ Ea B O), !andb_true_r. now apply Nat.ltb_lt.
Qed.

(** ** Normal forms: what their parts are, and that they have values where the operation has *)

Definition known_at (m : list scalar) (j : nat) : Prop := exists v, get m j = Some v.
Definition all_known (m : list scalar) (l : list (nat * Q)) : Prop := forall t, In t (map fst l) -> known_at m t.

Lemma insert_parts t j c l : In t (map fst (insert j c l)) -> t = j \/ In t (map fst l).
Proof.
  induction l as [|[i d] l IH]; simpl; [intros []; auto|]. destruct (Nat.eqb_spec i j) as [->|N].
  - destruct is_zero; simpl; intuition auto.
  - simpl. intuition auto.
Qed.
Lemma scaled_parts t q f : In t (map fst (terms (scaled q f))) -> In t (map fst (terms f)).
Proof. unfold scaled. simpl. destruct is_zero; [intros []|]. rewrite map_map. auto. Qed.
Lemma plus_parts t f g : In t (map fst (terms (plus f g))) -> In t (map fst (terms f)) \/ In t (map fst (terms g)).
Proof.
  unfold plus. simpl. induction (terms f) as [|[j c] l IH]; simpl; auto. intros H.
  apply insert_parts in H. destruct H as [->|H]; auto. destruct (IH H); auto.
Qed.
Lemma row_parts z u p fs t row : forall args bias b,
  In t (map fst (terms (row_form row (map (form_at fs) args) bias))) ->
  exists a, In a args /\ In t (map fst (terms (form_at fs a))) /\
    forall v, dot row (map (get (values z u p)) args) b = Some v -> known_at (values z u p) a.
Proof.
  induction row as [|w row IH]; intros [|a args] bias b H; try (simpl in H; contradiction).
  cbn [row_form map] in H.
  apply plus_parts in H. destruct H as [H|H].
  - exists a. split; [now left|]. split; [now apply scaled_parts in H|]. intros v V. simpl in V.
    destruct (lift2_some _ _ _ _ V) as [y [? [Y _]]]. exists y. auto.
  - destruct (IH args bias b H) as [a' [I [T K]]]. exists a'. split; [now right|]. split; auto.
    intros v V. simpl in V. destruct (lift2_some _ _ _ _ V) as [? [y [_ [Y _]]]]. eauto.
Qed.

Section Forms.
Variables (z : list R) (u : nat -> R) (var_at : list nat).
(** Where a part of an operation comes from. *)
Lemma form_parts p o t : In t (map fst (terms (operation_form var_at (forms var_at p) (length p) o))) ->
  t = length p \/ (exists i, o = OVar i /\ nth_error var_at i = Some t) \/
  exists a, In a (arguments o) /\ In t (map fst (terms (form_at (forms var_at p) a))) /\
    forall c v, operate z c (values z u p) o = Some v -> known_at (values z u p) a.
Proof.
  set (fs := forms var_at p). intros H.
  assert (Alone : In t (map fst [(length p, 1%Q)]) -> t = length p) by (intros [E|[]]; auto).
  assert (Row : forall row args bias, as_row o = Some (row, args, bias) ->
    In t (map fst (terms (if Nat.leb (length args) longest_row then row_form row (map (form_at fs) args) bias
      else Form [(length p, 1%Q)] 0))) -> arguments o = args ->
    t = length p \/ (exists i, o = OVar i /\ nth_error var_at i = Some t) \/
    exists a, In a (arguments o) /\ In t (map fst (terms (form_at fs a))) /\
      forall c v, operate z c (values z u p) o = Some v -> known_at (values z u p) a).
  { intros row args bias A I Ea. destruct (Nat.leb _ _); [|left; auto]. right; right.
    destruct (row_parts z u p fs t row args bias (Q2R bias) I) as [a [Ia [It K]]]. exists a. rewrite Ea. repeat split; auto.
    intros c v V. destruct (as_row_ok _ _ _ _ _ _ _ _ A V) as [D _]. now apply (K v). }
  destruct o; cbn [operation_form] in H; try (left; now apply Alone); try (now apply (Row _ _ _ eq_refl)).
  - destruct (nth_error var_at i) as [j|] eqn:E; [|left; auto]. destruct H as [<-|[]]. right; left. eauto.
  - destruct (terms (form_at fs a)) as [|ta la] eqn:Ta.
    + right; right. apply scaled_parts in H. exists b. simpl. split; auto. split; auto.
      intros _ v V. destruct (lift2_some _ _ _ _ V) as [? [y [_ [Y _]]]]. exists y. auto.
    + destruct (terms (form_at fs b)) as [|tb lb] eqn:Tb; [|left; now apply Alone].
      right; right. apply scaled_parts in H. exists a. simpl. split; auto. split; auto.
      intros _ v V. destruct (lift2_some _ _ _ _ V) as [y [? [Y _]]]. exists y. auto.
Qed.

Lemma forms_below p : ordered p = true -> forall n, (length p <= n)%nat -> (forall j, In j var_at -> (j < n)%nat) ->
  forall j t, (j < length p)%nat -> In t (map fst (terms (form_at (forms var_at p) j))) -> (t < n)%nat.
Proof.
  intros O n L Va. induction p as [|o p IH]; intros j t J H; simpl in J; [lia|].
  simpl in O. apply andb_prop in O; destruct O as [B O]. simpl in L.
  unfold form_at in H. cbn [forms length] in H. rewrite forms_length in H.
  destruct (Nat.eq_dec j (length p)) as [->|N].
  - rewrite Nat.sub_diag in H. cbn [nth] in H. apply form_parts in H.
    destruct H as [->|[[i [_ E]]|[a [Ia [Ta _]]]]]; [lia|apply Va; eapply nth_error_In; eauto|].
    apply (IH O ltac:(lia) a t); auto. now apply (below_ok _ (arguments o)).
  - replace (S (length p) - S j)%nat with (S (length p - S j)) in H by lia. cbn [nth] in H.
    apply (IH O ltac:(lia) j t); [lia|]. unfold form_at. now rewrite forms_length.
Qed.

(** Parts of an operation have values where it does. *)
Lemma forms_known p s : extends p s -> (forall i j v, nth_error var_at i = Some j -> nth_error z i = Some v -> get (values z u s) j = Some v) ->
  forall j, known_at (values z u p) j -> all_known (values z u s) (terms (form_at (forms var_at p) j)).
Proof.
  intros X Va. induction p as [|o p IH]; intros j [v V].
  - pose proof (get_some _ _ _ _ _ V) as L. simpl in L. lia.
  - assert (Xp : extends p s) by (eapply extends_trans; [apply extends_put|exact X]). specialize (IH Xp).
    pose proof (get_some _ _ _ _ _ V) as L. simpl in L. intros t H.
    unfold form_at in H. cbn [forms length] in H. rewrite forms_length in H.
    destruct (Nat.eq_dec j (length p)) as [->|N].
    + rewrite Nat.sub_diag in H. cbn [nth] in H. apply form_parts in H.
      assert (Here : get (values z u s) (length p) = Some v) by (rewrite (get_extends z u (o :: p) s) by (auto; simpl; lia); exact V).
      rewrite get_put in V. destruct H as [->|[[i [-> E]]|[a [Ia [Ta K]]]]].
      * now exists v.
      * simpl in V. exists v. eauto.
      * apply (IH a (K _ _ V) t Ta).
    + simpl in V. rewrite get_old in V by (rewrite values_length; lia).
      replace (S (length p) - S j)%nat with (S (length p - S j)) in H by lia. cbn [nth] in H.
      apply (IH j (ex_intro _ v V) t). unfold form_at. now rewrite forms_length.
Qed.

Lemma normal_of_ok q : forall s, normal_of var_at (length (q ++ s) - length s) (q ++ s) (forms var_at s) = forms var_at (q ++ s).
Proof.
  induction q as [|o q IH]; intros s; simpl app; [now rewrite Nat.sub_diag; destruct s|].
  simpl length. rewrite app_length. replace (S (length q + length s) - length s)%nat with (S (length q)) by lia.
  simpl. f_equal.
  - specialize (IH s). rewrite app_length in IH. replace (length q + length s - length s)%nat with (length q) in IH by lia. now rewrite IH.
  - specialize (IH s). rewrite app_length in IH. replace (length q + length s - length s)%nat with (length q) in IH by lia. exact IH.
Qed.
End Forms.

(** ** Lists of arguments *)

Lemma combine_nth_error {A B} (l : list A) : forall (m : list B) i a b,
  nth_error (combine l m) i = Some (a, b) <-> nth_error l i = Some a /\ nth_error m i = Some b.
Proof.
  induction l as [|x l IH]; intros [|y m] [|i] a b; simpl; try (split; [discriminate|intros [? ?]; discriminate]).
  - split; [intros H; inversion H; auto|intros [H K]; inversion H; inversion K; auto].
  - apply IH.
Qed.
Lemma arguments_renamed f o : arguments (renamed f o) = map f (arguments o).
Proof. destruct o; reflexivity. Qed.
Lemma place_of_below l a : In a l -> (place_of l a < length l)%nat.
Proof.
  induction l as [|b l IH]; simpl; [intros []|]. intros I. destruct (Nat.eqb_spec a b) as [->|N]; [lia|].
  destruct I as [->|I]; [now elim N|]. specialize (IH I). lia.
Qed.
Lemma local_below o : below (length (arguments o)) (arguments (local o)) = true.
Proof.
  unfold local, below. rewrite arguments_renamed, forallb_forall. intros k K. apply in_map_iff in K.
  destruct K as [a [<- A]]. apply Nat.ltb_lt. now apply place_of_below.
Qed.
