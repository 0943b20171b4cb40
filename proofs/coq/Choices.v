(** Values that a written part takes for some choice: what [Rays.is_value] says of a part whose value is
    given can be turned around for parts without quotients. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Arith.
From Certify Require Import Language Scalars Inline Rays.
Import ListNotations.
Local Open Scope R_scope.

Fixpoint taken (m : list scalar) (t : part) (v : R) : Prop :=
  match t with
  | PAt p => get m p = Some v
  | PConst q => v = Q2R q
  | PRow row args => dot row (map (get m) args) 0 = Some v
  | PAdd a b => exists x y, taken m a x /\ taken m b y /\ v = x + y
  | PMul a b => exists x y, taken m a x /\ taken m b y /\ v = x * y
  | PCall g a => exists x, taken m a x /\ call g x = Some v
  | PStep a => exists x c, 0 <= c <= 1 /\ taken m a x /\ v = step c x
  | _ => False
  end.

Definition agree (n : nat) (u u' : nat -> R) : Prop := forall k, (k < n)%nat -> u' k = u k.
Definition in_range (u : nat -> R) : Prop := forall k, 0 <= u k <= 1.
(** What is written grows, and so do the choices. *)
Definition grown (s : list operation) (u : nat -> R) (s' : list operation) (u' : nat -> R) : Prop :=
  extends s s' /\ agree (length s) u u' /\ (in_range u -> in_range u').

Lemma grown_refl s u : grown s u s u.
Proof. split; [apply extends_refl|]. split; auto. intros k _. reflexivity. Qed.
Lemma grown_trans s u s1 u1 s2 u2 : grown s u s1 u1 -> grown s1 u1 s2 u2 -> grown s u s2 u2.
Proof.
  intros [X1 [A1 P1]] [X2 [A2 P2]]. split; [eapply extends_trans; eauto|]. split; auto.
  intros k K. pose proof (extends_length _ _ X1). rewrite A2 by lia. now apply A1.
Qed.
Lemma values_agree z u u' s : agree (length s) u u' -> values z u' s = values z u s.
Proof.
  induction s as [|o s IH]; intros A; simpl; auto. rewrite (A (length s)) by (simpl; lia).
  rewrite IH; auto. intros k K. apply A. simpl. lia.
Qed.
Lemma get_grown z s u s' u' j : grown s u s' u' -> (j < length s)%nat ->
  get (values z u' s') j = get (values z u s) j.
Proof. intros [X [A _]] L. rewrite (get_extends z u' s s' j X L). now rewrite (values_agree z u u' s A). Qed.
Lemma taken_grown z s u s' u' t : grown s u s' u' -> written_below (length s) t = true -> forall v,
  taken (values z u s) t v -> taken (values z u' s') t v.
Proof.
  intros G. induction t; simpl; intros B v H; try contradiction; auto;
    try (apply andb_prop in B; destruct B as [B1 B2]; destruct H as [x [y [Hx [Hy E]]]]; exists x, y; auto).
  - apply Nat.ltb_lt in B. now rewrite (get_grown z s u s' u').
  - rewrite <- H. f_equal. apply map_ext_in. intros j J. apply (get_grown z s u s' u'); auto.
    now apply (below_ok _ args).
  - destruct H as [x [Hx E]]. exists x. auto.
  - destruct H as [x [c [Hc [Hx E]]]]. exists x, c. auto.
Qed.
Lemma grown_put s u o c : 0 <= c <= 1 ->
  grown s u (o :: s) (fun k => if Nat.eqb k (length s) then c else u k).
Proof.
  intros C. split; [apply extends_put|]. split.
  - intros k K. destruct (Nat.eqb_spec k (length s)); auto. lia.
  - intros P k. destruct (Nat.eqb k (length s)); auto.
Qed.
Lemma grown_more s u o : grown s u (o :: s) u.
Proof. split; [apply extends_put|]. split; auto. intros k _. reflexivity. Qed.

Lemma write_taken z t : forall s s' p u v, write t s = (s', p) -> written_below (length s) t = true ->
  taken (values z u s) t v -> exists u', grown s u s' u' /\ get (values z u' s') p = Some v.
Proof.
  assert (Two : forall a b f, 
    (forall s s' p u v, write a s = (s', p) -> written_below (length s) a = true ->
      taken (values z u s) a v -> exists u', grown s u s' u' /\ get (values z u' s') p = Some v) ->
    (forall s s' p u v, write b s = (s', p) -> written_below (length s) b = true ->
      taken (values z u s) b v -> exists u', grown s u s' u' /\ get (values z u' s') p = Some v) ->
    forall s s1 s2 i j u x y, write a s = (s1, i) -> write b s1 = (s2, j) ->
      written_below (length s) a = true -> written_below (length s) b = true ->
      taken (values z u s) a x -> taken (values z u s) b y ->
      (forall m c, get m i = Some x -> get m j = Some y -> operate z c m (f i j) = operate z c m (f i j)) ->
      exists u', grown s u (f i j :: s2) u' /\ get (values z u' s2) i = Some x /\ get (values z u' s2) j = Some y).
  { intros a b f Ha Hb s s1 s2 i j u x y Ea Eb Ba Bb Ta Tb _.
    destruct (Ha _ _ _ u x Ea Ba Ta) as [u1 [G1 V1]]. pose proof (extends_length _ _ (proj1 G1)) as L1.
    destruct (write_ok z u1 a s s1 i Ea Ba) as [_ [Li _]].
    pose proof (written_more _ _ b L1 Bb) as Bb'.
    destruct (Hb _ _ _ u1 y Eb Bb' (taken_grown z s u s1 u1 b G1 Bb y Tb)) as [u2 [G2 V2]].
    exists u2. split; [eapply grown_trans; [exact G1|]; eapply grown_trans; [exact G2|apply grown_more]|].
    split; auto. now rewrite (get_grown z s1 u1 s2 u2). }
  induction t as [p0|q|row args|a IHa b IHb|a IHa b IHb|a IHa b IHb|g a IHa|a IHa
    |g a IHa b IHb|g a IHa b IHb|g a IHa b IHb]; intros s s' p u v E B T; simpl in E, B, T; try contradiction.
  - inversion E; subst. exists u. split; auto. apply grown_refl.
  - inversion E; subst. exists u. split; [apply grown_more|]. now rewrite get_put.
  - inversion E; subst. exists u. split; [apply grown_more|]. rewrite get_put. simpl. now rewrite Q2R_zero.
  - destruct (write a s) as [s1 i] eqn:Ea. destruct (write b s1) as [s2 j] eqn:Eb. inversion E; subst; clear E.
    apply andb_prop in B; destruct B as [B1 B2]. destruct T as [x [y [Tx [Ty ->]]]].
    destruct (Two a b OAdd IHa IHb s s1 s2 i j u x y) as [u' [G [Vi Vj]]]; auto.
    exists u'. split; auto. rewrite get_put. simpl. now rewrite Vi, Vj.
  - destruct (write a s) as [s1 i] eqn:Ea. destruct (write b s1) as [s2 j] eqn:Eb. inversion E; subst; clear E.
    apply andb_prop in B; destruct B as [B1 B2]. destruct T as [x [y [Tx [Ty ->]]]].
    destruct (Two a b OMul IHa IHb s s1 s2 i j u x y) as [u' [G [Vi Vj]]]; auto.
    exists u'. split; auto. rewrite get_put. simpl. now rewrite Vi, Vj.
  - destruct (write a s) as [s1 i] eqn:Ea. inversion E; subst; clear E. destruct T as [x [Tx Cx]].
    destruct (IHa _ _ _ u x Ea B Tx) as [u1 [G V]]. exists u1.
    split; [eapply grown_trans; [exact G|apply grown_more]|]. rewrite get_put. simpl. now rewrite V.
  - destruct (write a s) as [s1 i] eqn:Ea. inversion E; subst; clear E. destruct T as [x [c [Hc [Tx ->]]]].
    destruct (IHa _ _ _ u x Ea B Tx) as [u1 [G V]]. pose proof (grown_put s1 u1 (OStep i) c Hc) as G'.
    exists (fun k => if Nat.eqb k (length s1) then c else u1 k).
    split; [eapply grown_trans; [exact G|exact G']|]. rewrite get_put, Nat.eqb_refl. simpl.
    rewrite (values_agree z u1 _ s1) by (apply G'). now rewrite V.
Qed.
