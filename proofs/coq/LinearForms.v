(** Linear normal forms: operations as sums over other operations, in which equal parts cancel.

    In words: [proofs/theory/L-DIFF.md], section 1.  A form is only spoken of where the operation is
    defined; there all of its parts are, also those that cancel. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Scalars Inline Rays ExactValues Quotients.
Import ListNotations.
Local Open Scope R_scope.

Local Arguments Qred : simpl never.
Local Arguments Qmult : simpl never.
Local Arguments Qplus : simpl never.
Local Arguments Q2R : simpl never.
Local Arguments get : simpl never.

Record form := Form { terms : list (nat * Q); constant : Q }.

(** Longer rows are parts by themselves. *)
Definition longest_row : nat := 8.

Fixpoint insert (j : nat) (c : Q) (l : list (nat * Q)) : list (nat * Q) :=
  match l with
  | [] => [(j, c)]
  | (i, d) :: l' =>
    if Nat.eqb i j then let e := Qred (c + d) in if is_zero e then l' else (j, e) :: l'
    else (i, d) :: insert j c l'
  end.
Definition scaled (q : Q) (f : form) : form :=
  Form (if is_zero q then [] else map (fun jc => (fst jc, Qred (q * snd jc))) (terms f)) (Qred (q * constant f)).
Definition plus (f g : form) : form :=
  Form (fold_right (fun jc l => insert (fst jc) (snd jc) l) (terms g) (terms f)) (Qred (constant f + constant g)).
Fixpoint row_form (row : list Q) (fs : list form) (bias : Q) : form :=
  match row, fs with
  | w :: row', f :: fs' => plus (scaled w f) (row_form row' fs' bias)
  | _, _ => Form [] bias
  end.

Section Forms.
Variable var_at : list nat.                            (* an operation for each variable *)
Definition form_at (fs : list form) (j : nat) : form := nth (length fs - S j) fs (Form [] 0).
Definition operation_form (fs : list form) (self : nat) (o : operation) : form :=
  let alone := Form [(self, 1%Q)] 0 in
  match o with
  | OConst q => Form [] q
  | OVar i => match nth_error var_at i with Some j => Form [(j, 1%Q)] 0 | None => alone end
  | OMul a b =>
    match terms (form_at fs a), terms (form_at fs b) with
    | [], _ => scaled (constant (form_at fs a)) (form_at fs b)
    | _, [] => scaled (constant (form_at fs b)) (form_at fs a)
    | _, _ => alone
    end
  | _ =>
    match as_row o with
    | Some (row, args, bias) =>
      if Nat.leb (length args) longest_row then row_form row (map (form_at fs) args) bias else alone
    | None => alone
    end
  end.
Fixpoint forms (p : list operation) : list form :=
  match p with
  | [] => []
  | o :: p' => let fs := forms p' in operation_form fs (length p') o :: fs
  end.
End Forms.

(** The value of an operation, or 0. *)
Definition total (m : list scalar) (j : nat) : R := match get m j with Some v => v | None => 0 end.
Fixpoint terms_value (m : list scalar) (l : list (nat * Q)) : R :=
  match l with [] => 0 | (j, c) :: l' => Q2R c * total m j + terms_value m l' end.
Definition form_value (m : list scalar) (f : form) : R := terms_value m (terms f) + Q2R (constant f).

Lemma insert_value m j c l : terms_value m (insert j c l) = Q2R c * total m j + terms_value m l.
Proof.
  induction l as [|[i d] l IH]; simpl; [ring|]. destruct (Nat.eqb_spec i j) as [->|N].
  - destruct (is_zero (Qred (c + d))) eqn:Z.
    + apply is_zero_ok in Z. rewrite Q2R_red, Q2R_plus in Z.
      replace (Q2R d) with (- Q2R c) by lra. ring.
    + simpl. rewrite Q2R_red, Q2R_plus. ring.
  - simpl. rewrite IH. ring.
Qed.
Lemma scaled_value m q f : form_value m (scaled q f) = Q2R q * form_value m f.
Proof.
  unfold form_value, scaled. simpl. rewrite Q2R_red, Q2R_mult. destruct (is_zero q) eqn:Z.
  - rewrite (is_zero_ok q Z). simpl. ring.
  - induction (terms f) as [|[j c] l IH]; simpl; [ring|]. rewrite Q2R_red, Q2R_mult. lra.
Qed.
Lemma plus_value m f g : form_value m (plus f g) = form_value m f + form_value m g.
Proof.
  unfold form_value, plus. simpl. rewrite Q2R_red, Q2R_plus.
  induction (terms f) as [|[j c] l IH]; simpl; [ring|]. rewrite insert_value. lra.
Qed.

Lemma get_some x u p j v : get (values x u p) j = Some v -> (j < length p)%nat.
Proof.
  intros H. destruct (Nat.lt_ge_cases j (length p)) as [L|L]; auto. unfold get in H.
  rewrite nth_overflow in H; [discriminate|]. now rewrite rev_length, values_length.
Qed.

Section Sound.
Variables (z : list R) (u : nat -> R) (s : list operation) (var_at : list nat).
Notation m := (values z u s).
Hypothesis vars_ok : forall i j v, nth_error var_at i = Some j -> nth_error z i = Some v -> get m j = Some v.

Lemma forms_length p : length (forms var_at p) = length p.
Proof. induction p; simpl; auto. Qed.

Lemma alone_ok j v : get m j = Some v -> v = form_value m (Form [(j, 1%Q)] 0).
Proof. intros H. unfold form_value. simpl. unfold total. rewrite H, Q2R_one, Q2R_zero. ring. Qed.

Lemma row_form_ok p row : (forall j v, get (values z u p) j = Some v -> v = form_value m (form_at (forms var_at p) j)) ->
  forall args bias v, dot row (map (get (values z u p)) args) (Q2R bias) = Some v ->
  v = form_value m (row_form row (map (form_at (forms var_at p)) args) bias).
Proof.
  intros IH. induction row as [|w row IHr]; intros [|j args] bias v D; simpl in D |- *;
    try (inversion D; unfold form_value; simpl; ring).
  destruct (get (values z u p) j) as [a|] eqn:A; [|discriminate].
  destruct (dot row _ _) as [b|] eqn:B; [|discriminate]. simpl in D. inversion D.
  rewrite plus_value, scaled_value, <- (IH j a A), <- (IHr args bias b B). reflexivity.
Qed.

Theorem forms_ok p : extends p s -> forall j v, get (values z u p) j = Some v ->
  v = form_value m (form_at (forms var_at p) j).
Proof.
  induction p as [|o p IH]; intros X j v V.
  - pose proof (get_some _ _ _ _ _ V) as L. simpl in L. lia.
  - assert (Xp : extends p s) by (eapply extends_trans; [apply extends_put|exact X]). specialize (IH Xp).
    pose proof (get_some _ _ _ _ _ V) as L. simpl in L. unfold form_at. cbn [forms length].
    rewrite forms_length. destruct (Nat.eq_dec j (length p)) as [->|N].
    2:{ simpl in V. rewrite get_old in V by (rewrite values_length; lia).
        replace (S (length p) - S j)%nat with (S (length p - S j)) by lia. cbn [nth].
        specialize (IH j v V). unfold form_at in IH. now rewrite forms_length in IH. }
    rewrite Nat.sub_diag. cbn [nth].
    assert (Here : get m (length p) = Some v).
    { rewrite (get_extends z u (o :: p) s) by (auto; simpl; lia). exact V. }
    rewrite get_put in V. pose proof (alone_ok _ _ Here) as Alone.
    assert (Row : forall row args bias, as_row o = Some (row, args, bias) ->
      v = form_value m (if Nat.leb (length args) longest_row
        then row_form row (map (form_at (forms var_at p)) args) bias else Form [(length p, 1%Q)] 0)).
    { intros row args bias A. destruct (Nat.leb _ _); [|exact Alone].
      destruct (as_row_ok _ _ _ _ _ _ _ _ A V) as [D _]. now apply row_form_ok. }
    destruct o; try exact Alone; try (apply (Row _ _ _ eq_refl)); simpl in V |- *.
    + inversion V. unfold form_value. simpl. ring.
    + destruct (nth_error var_at i) as [k|] eqn:K; [|exact Alone]. apply alone_ok. eauto.
    + destruct (lift2_some _ _ _ _ V) as [x [y [A [B E]]]]. injection E as Ev.
      rewrite <- Ev in *. pose proof (IH _ _ A) as Fa. pose proof (IH _ _ B) as Fb.
      destruct (terms (form_at (forms var_at p) a)) as [|ta la] eqn:Ta.
      * rewrite scaled_value, <- Fb, Fa. unfold form_value. rewrite Ta. simpl. ring.
      * destruct (terms (form_at (forms var_at p) b)) as [|tb lb] eqn:Tb; [|exact Alone].
        rewrite scaled_value, <- Fa, Fb. unfold form_value. rewrite Tb. simpl. ring.
Qed.

(** A form as a row, which has its value wherever it is defined. *)
Definition form_row (f : form) : operation := ORow (map snd (terms f)) (map fst (terms f)) (constant f).
Lemma form_row_ok c f v : operate z c m (form_row f) = Some v -> v = form_value m f.
Proof.
  unfold form_row, form_value. simpl. generalize (constant f) as q. intros q.
  revert v. induction (terms f) as [|[j k] l IH]; intros v V; simpl in V |- *.
  - inversion V. ring.
  - unfold total. destruct (get m j) as [a|]; [|discriminate]. destruct (dot _ _ _) as [b|] eqn:B; [|discriminate].
    simpl in V. inversion V. rewrite (IH b eq_refl). ring.
Qed.
End Sound.
