(** Operations that compute the same as earlier ones. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Arith.
From Certify Require Import Language Scalars.
Import ListNotations.
Local Open Scope R_scope.

(** ** The operations in order, and each with the values before it *)

Definition nothing : operation := OConst 0.
Definition operation_at (ops : list operation) (j : nat) : operation := nth j ops nothing.

(** [operate_more] needs the values before an operation alone. *)
Lemma get_operate x u p : ordered p = true -> forall j, (j < length p)%nat ->
  let o := operation_at (rev p) j in
  get (values x u p) j = operate x (u j) (values x u p) o /\ below j (arguments o) = true.
Proof.
  induction p as [|o p IH]; intros O j J; simpl in J; [lia|]. simpl in O. apply andb_prop in O; destruct O as [B O].
  cbv zeta. unfold operation_at in *. simpl rev. destruct (Nat.eq_dec j (length p)) as [->|N].
  - rewrite app_nth2; rewrite rev_length; [|lia]. rewrite Nat.sub_diag. cbn [nth]. split; auto.
    cbn [values]. rewrite <- (values_length x u p) at 2. rewrite get_new.
    symmetry. apply (operate_more x _ (values x u p) [_]). now rewrite values_length.
  - assert (L : (j < length p)%nat) by lia. destruct (IH O j L) as [E Bj].
    rewrite app_nth1 by (rewrite rev_length; lia). split; auto. cbn [values].
    rewrite get_old by (rewrite values_length; lia). rewrite E. symmetry.
    apply (operate_more x _ (values x u p) [_]). unfold below in *. rewrite forallb_forall in *.
    intros a I. rewrite values_length. specialize (Bj a I). rewrite Nat.ltb_lt in *. lia.
Qed.

(** ** The same operation *)

Definition same_number (p q : Q) : bool := Z.eqb (Qnum p) (Qnum q) && Pos.eqb (Qden p) (Qden q).
Definition same_fn (g h : fn) : bool :=
  match g, h with
  | Relu, Relu | Abs, Abs | Sin, Sin | Cos, Cos | Tanh, Tanh | Exp, Exp | Atan, Atan | Log, Log
  | Sqrt, Sqrt | Recip, Recip => true
  | Pow n, Pow m => Nat.eqb n m
  | _, _ => false
  end.
Fixpoint all2 {A B} (f : A -> B -> bool) (l : list A) (m : list B) : bool :=
  match l, m with
  | [], [] => true
  | a :: l, b :: m => if f a b then all2 f l m else false
  | _, _ => false
  end.
Definition same (o p : operation) : bool :=
  match o, p with
  | OConst q, OConst r => same_number q r
  | OVar i, OVar j | ONeg i, ONeg j | OStep i, OStep j => Nat.eqb i j
  | OAdd a b, OAdd c d | OSub a b, OSub c d | OMul a b, OMul c d | OMax a b, OMax c d => Nat.eqb a c && Nat.eqb b d
  | OCall g a, OCall h b => Nat.eqb a b && same_fn g h
  | OSelect a b c, OSelect d e f => Nat.eqb a d && Nat.eqb b e && Nat.eqb c f
  | OQuotient g a b, OQuotient h c d | OQuotient2 g a b, OQuotient2 h c d | OIncrement g a b, OIncrement h c d =>
    Nat.eqb a c && Nat.eqb b d && same_fn g h
  | ORow r a b, ORow s c d => if all2 Nat.eqb a c then all2 same_number r s && same_number b d else false
  | _, _ => false
  end.

Lemma all2_eq {A} (f : A -> A -> bool) l : (forall a b, f a b = true -> a = b) ->
  forall m, all2 f l m = true -> l = m.
Proof.
  intros F. induction l as [|a l IH]; intros [|b m] H; simpl in H; try discriminate; auto.
  destruct (f a b) eqn:E; [|discriminate]. f_equal; auto.
Qed.
Lemma same_number_ok p q : same_number p q = true -> p = q.
Proof.
  unfold same_number. intros H. apply andb_prop in H; destruct H as [A B].
  apply Z.eqb_eq in A. apply Pos.eqb_eq in B. destruct p, q. simpl in *. congruence.
Qed.
Lemma same_fn_ok g h : same_fn g h = true -> g = h.
Proof. destruct g, h; simpl; intros; try discriminate; auto. f_equal. now apply Nat.eqb_eq. Qed.
Lemma same_ok o p : same o p = true -> o = p.
Proof.
  destruct o, p; simpl; intros H; try discriminate; rewrite ?andb_true_iff in H;
    repeat match goal with
    | H : _ /\ _ |- _ => destruct H
    | H : Nat.eqb _ _ = true |- _ => apply Nat.eqb_eq in H; subst
    | H : same_fn _ _ = true |- _ => apply same_fn_ok in H; subst
    | H : same_number _ _ = true |- _ => apply same_number_ok in H; subst
    end; auto.
  destruct (all2 Nat.eqb args args0) eqn:A; [|discriminate]. apply andb_prop in H; destruct H as [R B].
  apply all2_eq in A; [|intros; now apply Nat.eqb_eq]. apply all2_eq in R; [|apply same_number_ok].
  apply same_number_ok in B. congruence.
Qed.

(** ** Which earlier operation computes the same *)

(** [origin c j] is one; [c] is a list of them, in the order of the operations. *)
Definition origin (c : list nat) (j : nat) : nat := nth j c j.
(** The same operation of the same values. *)
Definition alike (c : list nat) (o p : operation) : bool := same (renamed (origin c) o) (renamed (origin c) p).
Definition merges (ops : list operation) (c : list nat) : bool :=
  forallb (fun j => let k := origin c j in
    if Nat.eqb k j then true
    else Nat.ltb k j && settled (operation_at ops j) && alike c (operation_at ops j) (operation_at ops k))
  (seq 0 (length ops)).

Lemma operate_renamed x t m c o : (forall a, In a (arguments o) -> get m (origin c a) = get m a) ->
  operate x t m (renamed (origin c) o) = operate x t m o.
Proof.
  intros H. destruct o; simpl in *; rewrite ?H by tauto; auto. f_equal. rewrite map_map. now apply map_ext_in.
Qed.

Section Merged.
Variables (x : list R) (u : nat -> R) (p : list operation) (c : list nat).
Hypothesis O : ordered p = true.
Hypothesis M : merges (rev p) c = true.
Notation m := (values x u p).

Lemma origin_ok j : (j < length p)%nat -> (origin c j <= j)%nat /\ get m (origin c j) = get m j.
Proof.
  induction j as [j IH] using lt_wf_ind. intros J. unfold merges in M. rewrite forallb_forall in M.
  specialize (M j). rewrite in_seq, rev_length in M. specialize (M ltac:(lia)). cbv zeta in M.
  destruct (Nat.eqb_spec (origin c j) j) as [E|N]; [rewrite E; auto|].
  rewrite !andb_true_iff in M. destruct M as [[L S] A]. apply Nat.ltb_lt in L. split; [lia|].
  destruct (get_operate x u p O j J) as [Ej Bj]. destruct (get_operate x u p O (origin c j) ltac:(lia)) as [Ek Bk].
  set (k := origin c j) in *. clearbody k. apply same_ok in A.
  assert (Old : forall i, (i <= j)%nat -> forall o, below i (arguments o) = true -> forall t,
    operate x t m (renamed (origin c) o) = operate x t m o).
  { intros i I o B t. apply operate_renamed. intros a Ia. apply IH; pose proof (below_ok _ _ _ B Ia); lia. }
  rewrite Ek, Ej, <- (Old j ltac:(lia) _ Bj), <- (Old k ltac:(lia) _ Bk), A.
  rewrite (operate_settled x (u j) (u k)); auto. rewrite <- A. now destruct (operation_at (rev p) j).
Qed.

Lemma alike_ok t o o' : below (length p) (arguments o) = true -> below (length p) (arguments o') = true ->
  alike c o o' = true -> operate x t m o = operate x t m o'.
Proof.
  intros B B' A. apply same_ok in A.
  assert (R : forall q, below (length p) (arguments q) = true -> operate x t m (renamed (origin c) q) = operate x t m q).
  { intros q Bq. apply operate_renamed. intros a I. apply origin_ok. now apply (below_ok _ (arguments q)). }
  now rewrite <- (R o B), <- (R o' B'), A.
Qed.
End Merged.

(** The first of each kind.  Found by going through the operations, [seen] being those that are the first
    of theirs, the newest first, each in the terms of others. *)
Fixpoint find_same (o : operation) (seen : list (operation * nat)) : option nat :=
  match seen with
  | [] => None
  | (o', j) :: seen => if same o o' then Some j else find_same o seen
  end.
Fixpoint firsts (j : nat) (ops : list operation) (seen : list (operation * nat)) (c : list nat) : list nat :=
  match ops with
  | [] => c
  | o :: ops =>
    let o' := renamed (origin c) o in
    match (if settled o then find_same o' seen else None) with
    | Some k => firsts (S j) ops seen (c ++ [k])
    | None => firsts (S j) ops ((o', j) :: seen) (c ++ [j])
    end
  end.
